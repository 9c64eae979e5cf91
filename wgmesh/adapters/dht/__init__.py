"""A node of BitTorrent's Mainline DHT: how members find each other across the Internet with nothing but the secret."""
