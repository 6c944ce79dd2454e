"""What plugin authors begin with: a distribution made from templates, and a first look at what its connector reads."""
