"""`hrgcore serve`: a page on loopback that explains one spell. It keeps nothing; whatever it is given stands in the page itself."""
