/// Losses on a grid with heavy-tailed noise, and the law that SciPy fits to them; written by
/// `scripts/make-law-goldens.py`.

enum LawGolden {
  static let table = """
    parameters,tokens,loss
    4e+07,5e+08,4.27553
    4e+07,2e+09,3.73772
    4e+07,8e+09,3.42596
    4e+07,4e+10,3.16968
    4e+07,1.5e+11,3.05511
    1.5e+08,5e+08,3.84959
    1.5e+08,2e+09,3.33302
    1.5e+08,8e+09,3.03215
    1.5e+08,4e+10,2.79936
    1.5e+08,1.5e+11,2.67057
    6e+08,5e+08,3.58159
    6e+08,2e+09,3.06905
    6e+08,8e+09,2.73041
    6e+08,4e+10,2.55766
    6e+08,1.5e+11,2.42862
    2.5e+09,5e+08,3.42835
    2.5e+09,2e+09,2.90782
    2.5e+09,8e+09,2.55633
    2.5e+09,4e+10,2.34152
    2.5e+09,1.5e+11,2.2634
    """

  /// E, A, α, B, β.
  static let joint: [Double] = [1.82910003, 513.053368, 0.351932609, 1572.09103, 0.352709717]
}
