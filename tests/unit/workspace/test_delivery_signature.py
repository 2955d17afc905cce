"""Requests are signed as Slack signs them."""

from slack_sdk.signature import Clock, SignatureVerifier

from bot.workspace.delivery import sign


class _Then(Clock):
    def now(self) -> float:
        return 1531420618.0


def test_the_worked_example_of_slacks_documentation_comes_out() -> None:
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
        b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
        b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
        b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    headers = sign("8f742231b10e8888abcd99yyyzzz85a5", 1531420618, body)
    assert headers["X-Slack-Request-Timestamp"] == "1531420618"
    assert headers["X-Slack-Signature"] == "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"


def test_slacks_own_verifier_accepts_it_and_not_another_body() -> None:
    headers = sign("secret", 1531420618, "text=ü".encode())
    verifier = SignatureVerifier("secret", _Then())
    assert verifier.is_valid_request("text=ü", headers)
    assert not verifier.is_valid_request("text=u", headers)
