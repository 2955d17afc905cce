"""What people ask about a role's connections: listing them, and ending some."""
