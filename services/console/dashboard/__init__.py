"""The dashboard: every invoice and its payment at a glance, in a browser; pages made here, no app in the browser."""
