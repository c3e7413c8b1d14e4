"""Archives that speak DICOMweb: what they hold, fetching it, storing in them."""
