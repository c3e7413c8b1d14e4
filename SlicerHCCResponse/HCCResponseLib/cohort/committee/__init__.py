"""Figures of a committee: discordance, agreement, reading time."""
