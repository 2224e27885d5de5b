"""Merging an adapter into its base model: a stand-alone model for engines that load no adapters."""
