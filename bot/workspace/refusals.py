"""What a person is told who tries what Slack does not allow."""


class NotPossible(Exception):
    """A person cannot do this in Slack; the text is what they would be told."""
