"""Block Kit as Slack accepts it: the shapes, the limits, and what stands where in a message."""
