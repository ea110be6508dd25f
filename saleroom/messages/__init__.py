"""What people are told away from the page: by text, e-mail and notices of the browser."""
