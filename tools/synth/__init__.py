"""Makes the tables of synthetic activity from national figures."""
