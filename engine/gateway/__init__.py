"""The doors: REST, and the Socket.IO namespaces /worker and /client. Default-deny: nothing a peer sends is trusted."""
