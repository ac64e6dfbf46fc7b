"""The data layer: stores, object storage, metrics and logs, and the collectors that feed them."""
