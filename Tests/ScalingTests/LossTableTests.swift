/// Tables of losses from elsewhere, and laws against SciPy.

import Glibc
import Scaling
import Testing

@Suite("Tables of losses") struct LossTableTests {
  @Test("tokens follow from compute and parameters, whatever ends the lines")
  func derivedTokens() throws {
    let table = try LossTable(
      text: "Model Size,Training FLOP,loss\r\n1e6,6e12,5.5\r\n2e6,2.4e13,5\r\n", path: "t.csv")
    #expect(table.variables == [.parameters, .tokens])
    #expect(table.groups.map { $0[0].values[.tokens] } == [1e6, 2e6])
    #expect(table.forms == [.joint])
  }

  @Test("rows that differ by their seed alone are one group")
  func seeds() throws {
    let table = try LossTable(
      text: "tokens\tseed\tloss\n1000\t1\t5\n1000\t2\t5.1\n2000\t1\t4.8\n", path: "t.tsv")
    #expect(table.groups.map(\.count) == [2, 1])
    #expect(table.forms == [.pure(.tokens), .withOffset(.tokens)])
  }

  @Test(
    "a table that cannot be read is refused with its line",
    arguments: [
      ("tokens,x\n1,2\n", 1), ("loss,seed\n1,2\n", 1), ("tokens,loss\n10,5\n20,abc\n", 3),
      ("tokens,loss\n10,5\n-20,4\n", 3), ("tokens,loss\n10\n", 2),
    ])
  func badTables(text: String, line: Int) {
    #expect {
      try LossTable(text: text, path: "t.csv")
    } throws: { error in
      guard case .badTable(_, let found, _) = error as? ScalingError else { return false }
      return found == line
    }
  }

  /// Losses on a grid with noise, and what SciPy's minimisation of the same objective (Huber's loss
  /// with δ = 0.001 of ln L; BFGS, then Nelder-Mead, from 24 starts) made of them; see
  /// `scripts/make-law-goldens.py`.
  @Test("the law of parameters and tokens is that of SciPy")
  func scipyJointLaw() throws {
    let table = try LossTable(text: LawGolden.table, path: "golden")
    let bootstrap = try #require(
      Bootstrap(table.groups, form: .joint, huber: .fixed(1e-3), draws: 40))
    let law = bootstrap.fit.law
    let found = [
      law.offset, law.terms[0].coefficient, law.terms[0].exponent, law.terms[1].coefficient,
      law.terms[1].exponent,
    ]
    for (value, expected) in zip(found, LawGolden.joint) {
      #expect(abs(value / expected - 1) < 2e-3, "\(value) instead of \(expected)")
    }
  }
}
