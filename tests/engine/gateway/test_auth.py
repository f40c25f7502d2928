from engine.gateway.auth import Tokens, new_token


def test_a_token_has_256_bits_and_is_new_each_time() -> None:
    assert len(new_token()) == 43
    assert new_token() != new_token()
    assert Tokens().client != Tokens().client


def test_only_the_client_token_is_the_client_token() -> None:
    tokens = Tokens("secret")
    assert tokens.check_client("secret")
    assert not any(
        tokens.check_client(wrong) for wrong in ("", "secreT", "secret ", None, 7, b"secret", "\ud800", "秘密")
    )


def test_a_worker_token_counts_for_one_start_of_one_worker() -> None:
    tokens = Tokens()
    first, other = tokens.issue("w-1"), tokens.issue("w-2")
    assert tokens.check_worker("w-1", first)
    assert not tokens.check_worker("w-1", other)
    second = tokens.issue("w-1")
    assert tokens.check_worker("w-1", second)
    assert not tokens.check_worker("w-1", first)


def test_unknown_and_forgotten_workers_have_no_token() -> None:
    tokens = Tokens()
    token = tokens.issue("w-1")
    tokens.forget("w-1")
    assert not tokens.check_worker("w-1", token)
    assert not tokens.check_worker("w-9", token)
    assert not tokens.check_worker(None, None)
    assert not tokens.check_worker(["w-1"], token)


def test_the_two_kinds_do_not_stand_for_each_other() -> None:
    tokens = Tokens()
    token = tokens.issue("w-1")
    assert not tokens.check_client(token)
    assert not tokens.check_worker("w-1", tokens.client)
