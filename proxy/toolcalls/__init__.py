"""Tool calls of local models: found, checked, repaired where that loses nothing, and judged; pure."""
