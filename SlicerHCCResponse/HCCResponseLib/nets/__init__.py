"""Our own networks: architectures, patches, training, weights and cards, inference."""
