// What a response is stored as, for those who find responses and those who count them.

constexpr int STEPS = 4;  // of a counted response, in a grey level
constexpr int REACH = 255 * STEPS;  // the largest response that is counted as what it is
constexpr int NOT_COUNTED = 0xffff;
