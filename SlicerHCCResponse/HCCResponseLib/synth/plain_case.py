"""Which synthetic subject demonstrations and tutorials show: a plain case."""

DEMO_SEED = 7
# Tumours that a reader sees at a glance.
DEMO_CONTRAST_HU = -45.0
