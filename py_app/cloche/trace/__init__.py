"""What happened in each turn: every event of Amplifier, kept for its session, to be read, searched and exported."""
