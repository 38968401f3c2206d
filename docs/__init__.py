"""The written pages, and what makes pictures and a web site for them."""
