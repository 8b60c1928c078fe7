"""What went wrong at an endpoint, in one sentence."""
