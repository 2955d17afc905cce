"""What every test can ask for by name; the fixtures themselves are in the modules named here."""

pytest_plugins = ["tests.servers", "tests.own_database"]
