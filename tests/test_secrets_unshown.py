"""Whatever may carry a secret does not show it when it is logged, or stands in a traceback."""

import json
import pickle
from datetime import UTC, datetime

import msgspec
import pytest

from engine.api.accounts import AccountChanges, NewAccount
from engine.api.errors import Invalid
from engine.api.secret_values import SecretValues
from engine.api.tokens import TokenMade
from engine.commands.bundle import Manifest
from engine.config import read
from engine.gateway.rest.answers import TokenMadeAnswer
from engine.gateway.rest.bodies import AccountPatch, AccountTry, NewAccountBody
from engine.gateway.rest.fit import fit_body
from engine.gateway.rest.keys import Rotation
from engine.records import ApiToken
from engine.vault.sources import Offered, Place
from engine.vault.vault import Vault
from worker.platforms.http import BasicAuth
from worker.process.local_start import LocalStart
from worker.process.secret import Secret
from worker.protocol.messages import Credentials, CredentialsGiven, Probe

CANARY = "canary-0b5e55ed"
KEY = CANARY.encode().ljust(32)
GIVEN = {"password": CANARY}
NOW = datetime(2026, 1, 1, tzinfo=UTC)
TOKEN = ApiToken("t-1", "mine", "read", NOW)

CARRIERS = [
    Secret(CANARY),
    SecretValues(GIVEN),
    BasicAuth(Secret("u"), Secret(CANARY)),
    Credentials("acc_1", 1, GIVEN, 1),
    CredentialsGiven(GIVEN, 1),
    Probe("feed", GIVEN, {}),
    LocalStart("http://127.0.0.1:1", "local-1", CANARY, "n", "/d"),
    NewAccount("feed", "Blog", credentials=SecretValues(GIVEN)),
    AccountChanges(credentials=SecretValues(GIVEN)),
    NewAccountBody(platform="feed", display_name="Blog", credentials=SecretValues(GIVEN)),
    AccountPatch(revision=1, credentials=SecretValues(GIVEN)),
    AccountTry(platform="feed", credentials=SecretValues(GIVEN)),
    Rotation(to="passphrase", secret=Secret(CANARY)),
    TokenMade(TOKEN, CANARY),
    Vault({1: KEY}, 1),
    Offered(Secret(CANARY), Secret(CANARY)),
    Place("file", KEY),
    Manifest(NOW, "1", "1", {1: KEY}, 1, []),
]


@pytest.mark.parametrize("carrier", CARRIERS, ids=lambda carrier: type(carrier).__name__)
def test_it_is_not_shown(carrier: object) -> None:
    assert "canary" not in f"{carrier!r} {carrier} {[carrier]!r} {ValueError(carrier)!r}"


def test_a_token_just_made_is_not_shown_either() -> None:
    fields = {name: None for name in TokenMadeAnswer.__struct_fields__}
    assert "canary" not in repr(TokenMadeAnswer(**(fields | {"token": CANARY})))


def test_options_do_not_show_theirs(tmp_path) -> None:
    options = read("x", ["--data-dir", str(tmp_path)], {"VEDETTE_ENCRYPTION_KEY": CANARY, "VEDETTE_PASSPHRASE": CANARY})
    assert "canary" not in repr(options)


@pytest.mark.parametrize("encode", [pickle.dumps, json.dumps, msgspec.json.encode, msgspec.msgpack.encode])
@pytest.mark.parametrize("secret", [Secret(CANARY), SecretValues(GIVEN)], ids=["one", "several"])
def test_a_secret_goes_into_no_file_by_accident(encode, secret) -> None:
    with pytest.raises(TypeError):
        encode({"x": secret})


@pytest.mark.parametrize("kind", [NewAccountBody, AccountPatch, AccountTry])
def test_what_comes_in_over_rest_is_a_secret_at_once(kind: type) -> None:
    given = {"platform": "feed", "display_name": "Blog", "revision": 1, "credentials": GIVEN}
    fields = {name: given[name] for name in kind.__struct_fields__ if name in given}
    body = fit_body(msgspec.json.encode(fields), kind)
    assert isinstance(body.credentials, SecretValues) and body.credentials.reveal() == GIVEN
    with pytest.raises(TypeError):
        msgspec.json.encode(body)
    assert isinstance(fit_body(msgspec.json.encode({"secret": CANARY}), Rotation).secret, Secret)
    with pytest.raises(Invalid, match="credentials"):
        fit_body(msgspec.json.encode(fields | {"credentials": {"password": [CANARY]}}), kind)
