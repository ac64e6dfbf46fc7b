"""What makes SeaweedFS answer like MinIO: a front with health and admin paths, and the part of `mc` that is used."""
