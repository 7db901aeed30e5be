// Values of stored filter responses.

constexpr int STEPS = 4;  // counted responses per grey level
constexpr int REACH = 255 * STEPS;  // largest counted response
constexpr int NOT_COUNTED = 0xffff;
