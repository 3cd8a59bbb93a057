// Names as C++ has them: namespaces, members, a template, and a trap in an inlined member.
namespace shapes {

volatile int sides = 0;

struct Polygon {
  int count;
  int angle() const {
    if (count < 3)
      __builtin_trap();
    return (count - 2) * 180 / count;
  }
};

template <class Shape> __attribute__((noinline)) int measure(const Shape &shape) {
  return shape.angle() + shape.count;
}

} // namespace shapes

extern "C" void _start() {
  shapes::Polygon polygon{shapes::sides};
  shapes::sides = shapes::measure(polygon);
}
