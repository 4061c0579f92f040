"""Where entries come from: the one door to the network, and what reads what it brings."""
