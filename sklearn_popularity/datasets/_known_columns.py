"""Columns of known sources of posts, for `load_folder`."""

#: Fields of the tab-separated files, from the README of the data set. Later copies have
#: a line number before the first field and a hash after it.
YFCC100M_FIELDS = (
    "Photo/video identifier",
    "User NSID",
    "User nickname",
    "Date taken",
    "Date uploaded",
    "Capture device",
    "Title",
    "Description",
    "User tags (comma-separated)",
    "Machine tags (comma-separated)",
    "Longitude",
    "Latitude",
    "Accuracy",
    "Photo/video page URL",
    "Photo/video download URL",
    "License name",
    "License URL",
    "Photo/video server identifier",
    "Photo/video farm identifier",
    "Photo/video secret",
    "Photo/video secret original",
    "Extension of the original photo",
    "Photos/video marker (0 = photo, 1 = video)",
)

#: Columns of known sources: names that :func:`load_folder` gives, and their own.
KNOWN_COLUMNS = {
    # flickr.photos.search with extras=date_upload,tags,views
    "flickr": {
        "user": "owner",
        "title": "title",
        "tags": "tags",
        "uploaded": "dateupload",
        "views": "views",
    },
    # Tweets of the standard interface (v1.1), flattened by pandas.json_normalize
    "twitter": {
        "user": "user.id_str",
        "title": "text",
        "uploaded": "created_at",
        "retweets": "retweet_count",
        "favorites": "favorite_count",
    },
    "yfcc100m": {
        "user": "User NSID",
        "title": "Title",
        "tags": "User tags (comma-separated)",
        "uploaded": "Date uploaded",
    },
}
