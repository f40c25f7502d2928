"""What our workers say of a platform that could not be checked, as templates: see told.py, which finds them again."""


def template(source: str) -> str:
    """Mark a sentence of the engine or of a worker for translation."""
    return source


#: the longer before the shorter that it contains
PLATFORM_TEMPLATES = (
    template(
        "The address {address} is in a private network. "
        "If the server is your own, allow private networks in this account's settings."
    ),
    template("The platform did not answer within {timeout} s."),
    template("{who} did not answer within {timeout} s. It will be tried again later."),
    template(
        "The certificate of {who} cannot be trusted: {reason}. Check the address, or ask whoever runs the server."
    ),
    template("No secure connection to {who}. Check the port and the kind of encryption."),
    template("No secure connection to {who}: its certificate or TLS set-up is not valid."),
    template("No server named {who} was found. Check the address and the network connection."),
    template("{who} broke the connection off. It will be tried again."),
    template("{who} broke the connection off. It will be tried again later."),
    template("No connection to {who}. Check the address and the port, and that the server runs."),
    template("No connection to {who}. Check the address and that the server runs."),
    template("{who} is no usable web address. Check the account's settings."),
    template("{who} does not answer in valid HTTP. Check the account's settings."),
    template("{who} wants fewer requests (HTTP {status}) and asks to wait {seconds} s."),
    template("{who} wants fewer requests (HTTP {status}). It will be tried again later."),
    template(
        "{who} refuses access (HTTP {status}). Check the account's credentials and enter them again. "
        "It is not asked before that."
    ),
    template("{who} has a problem of its own (HTTP {status}) and asks to wait {seconds} s."),
    template("{who} has a problem of its own (HTTP {status}). It will be tried again later."),
    template("{who} has nothing at this address (HTTP {status}). Check the account's settings."),
    template("{who} does not take this request (HTTP {status}). Check the account's settings."),
    template("{who} allows no further login for now: {said}"),
    template("{who} cannot check the login for now: {said}"),
    template("{who} refuses the login: {said} Check user name and password and enter them again."),
    template("{who} does not open the mailbox “{mailbox}”: {said}"),
    template("{who} did not greet like an IMAP server. Check the port and the kind of encryption."),
    template("{who} does not speak IMAP. Check the address and the port."),
    template("{who} answers with something that is no RSS, Atom or JSON Feed. Check the address."),
    template("{who} answers with a web page, not a feed. Its feed is at {address} – enter that address."),
    template("{who} answers with a web page, not a feed. Enter the address of its RSS or Atom feed."),
    template("{who} sends the request on to {address}. Enter that address instead."),
)
