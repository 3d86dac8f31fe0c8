"""Gates of others, the real ones: Flux's controllers, Argo CD's health check, and what feeds them."""
