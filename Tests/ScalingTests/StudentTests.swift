/// Student's t against published tables.

import Scaling
import Testing

@Suite("Student's t")
struct StudentTests {
  @Test(
    "quantiles are those of the tables",
    arguments: [
      (1.0, 12.706_204_74), (2, 4.302_652_73), (5, 2.570_581_84), (12, 2.178_812_83),
      (30, 2.042_272_46), (1_000, 1.962_339_08),
    ])
  func quantiles(freedom: Double, expected: Double) {
    #expect(abs(Student.quantile(0.975, freedom: freedom) - expected) < 1e-6)
    #expect(abs(Student.quantile(0.025, freedom: freedom) + expected) < 1e-6)
  }
}
