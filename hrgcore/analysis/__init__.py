"""What analysts ask of results: two compared, one held against the official product, a year at a glance."""
