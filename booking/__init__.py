"""People and when they can be reached: profiles now; availability, slots, bookings later."""
