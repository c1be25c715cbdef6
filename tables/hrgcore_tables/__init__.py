"""Design tables of hrgcore: data only, one folder a design."""
