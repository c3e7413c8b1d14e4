"""The values that people and machines both speak in: lesion, proposal, link, packed mask."""
