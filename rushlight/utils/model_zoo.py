"""The old place of torch.hub's download. Source: torch.utils.model_zoo."""


def load_url(url, model_dir=None, map_location=None, progress=True, check_hash=False, file_name=None, weights_only=False):
    """torch.hub.load_state_dict_from_url."""
    from rushlight import hub

    return hub.load_state_dict_from_url(url, model_dir, map_location, progress, check_hash, file_name, weights_only)
