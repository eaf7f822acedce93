"""Attacks with reference models, trained in complementary pairs on the target's own pool of records."""
