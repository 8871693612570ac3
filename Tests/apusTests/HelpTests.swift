/// The texts that a person reads first, held fast.

import Testing

@Suite("Help")
struct HelpTests {
  @Test("the first help is this")
  func root() async throws {
    let result = try await Program.run(["--help"])
    #expect(result.status == 0)
    #expect(
      result.output == """
        OVERVIEW: Train language models on text, sample from them, and measure them.

        EXAMPLES
          apus train corpora/tales.jsonl.zst -o tales --time 2m
          apus sample tales "Once upon a time"
          apus next tales "The fox opened the"
          apus perplexity tales letter.txt

        Data goes to standard output, everything else to standard error. A corpus is a
        .jsonl or .txt file, either with .zst, a folder or a glob of these, or - for
        standard input. Sizes are written 250M or 4GiB, times 90s, 15m or 2h. Reports
        take --json.

        EXIT CODES
          0 done · 1 failure · 64 usage · 65 bad data · 66 no input · 73 cannot create
          74 input or output failed · 130 interrupted

        USAGE: apus <subcommand>

        OPTIONS:
          --version               Show the version.
          -h, --help              Show help information.

        DATA SUBCOMMANDS:
          tokenizer               Train, show and convert tokenizers.
          tokenize                Turn text into token ids.
          detokenize              Turn token ids back into text.

        MODEL SUBCOMMANDS:
          train                   Train a model on a corpus.
          sample                  Continue a text.
          next                    Show the distribution of the next word.
          perplexity              Measure how well a model predicts a text.
          scaling                 Train on growing subsets, fit the power law, and test
                                  it on a size held out.

        MACHINE SUBCOMMANDS:
          doctor                  Check the machine: processor, products, libraries,
                                  memory.
          bench                   Measure this machine: tokenizing, products, training,
                                  decoding.
          parallel                Measure how training speeds up with threads or
                                  processes.

          See 'apus help <subcommand>' for detailed help.

        """)
  }

  @Test(
    "every verb has a help that begins with what it does and shows examples",
    arguments: [
      "tokenizer train", "tokenizer show", "tokenizer convert", "tokenize", "detokenize", "train",
      "sample", "next", "perplexity", "scaling study", "scaling fit", "doctor", "bench",
      "bench tokenizer", "bench train", "bench forward", "bench decode", "bench products",
      "parallel",
    ])
  func verbs(name: String) async throws {
    let result = try await Program.run(name.split(separator: " ").map(String.init) + ["--help"])
    #expect(result.status == 0)
    #expect(result.output.hasPrefix("OVERVIEW: "))
    #expect(result.output.contains("EXAMPLES\n  "))
    #expect(!result.output.contains("(value:"), "a default is written as it is typed")
    // The default of several is shown as people call it.
    let shown = name == "scaling study" ? "scaling" : name
    #expect(result.output.contains("apus \(shown) ") || result.output.contains("apus \(shown)\n"))
  }

  @Test("doctor ticks or hints at everything, as words and as JSON")
  func doctor() async throws {
    let words = try await Program.run(["doctor"])
    #expect(words.status == 0)
    for name in ["processor", "products", "ICU", "zstd", "huge pages", "memory"] {
      #expect(words.output.contains(name))
    }
    let json = try await Program.run(["doctor", "--json"])
    for key in ["processor", "kernels", "blas", "gflops", "icu", "zstd", "huge_pages", "memory"] {
      #expect(json.output.contains("\"\(key)\": "))
    }
  }
}
