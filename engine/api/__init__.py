"""All that a front end may ask or see. The window, REST and /client are three doors to this one room.

Each subject is one file: a class whose methods raise only `ApiError`s and return frozen snapshots.
"""
