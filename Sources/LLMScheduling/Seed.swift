// Seed of the room.
