"""Who may do what: the stored allow-list, owners of roles, and the one rule that decides."""
