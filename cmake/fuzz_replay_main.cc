// Runs a fuzz target without libFuzzer: every file of its corpus, then seeded mutations of them.
// This keeps fuzz targets built and run by every preset. Usage: replay <corpus dir> <last input>
//
// The input about to run is kept in the file <last input>, so a crash leaves its cause behind.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Input = std::vector<char>;

constexpr int kMutationsPerInput = 64;
constexpr std::size_t kRandomInputs = 256;
constexpr std::size_t kRandomInputSizeMax = 64;

// splitmix64: the same inputs on every machine and in every run.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31U);
  }
  std::size_t below(std::size_t bound) {
    return bound == 0 ? 0 : static_cast<std::size_t>(next() % bound);
  }
  char byte() { return static_cast<char>(next() & 0xffU); }

 private:
  std::uint64_t state_;
};

std::vector<Input> read_corpus(const std::filesystem::path& dir) {
  std::vector<std::filesystem::path> paths;
  if (std::filesystem::is_directory(dir)) {
    for (const auto& entry : std::filesystem::directory_iterator(dir)) {
      if (entry.is_regular_file()) {
        paths.push_back(entry.path());
      }
    }
  }
  std::sort(paths.begin(), paths.end());
  std::vector<Input> corpus;
  for (const auto& path : paths) {
    std::ifstream in(path, std::ios::binary);
    corpus.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  return corpus;
}

Input mutate(Input input, Random& random) {
  const std::size_t edits = 1 + random.below(4);
  for (std::size_t i = 0; i < edits; ++i) {
    const std::size_t at = random.below(input.size() + 1);
    const auto where = input.begin() + static_cast<std::ptrdiff_t>(at);
    switch (random.below(4)) {
      case 0:
        input.insert(where, random.byte());
        break;
      case 1:
        input.erase(where, input.end());
        break;
      case 2:
        if (at < input.size()) {
          input[at] = random.byte();
        }
        break;
      default:
        if (at < input.size()) {
          input.erase(where);
        }
        break;
    }
  }
  return input;
}

void run(const Input& input, const std::filesystem::path& last_input) {
  std::ofstream(last_input, std::ios::binary)
      .write(input.data(), static_cast<std::streamsize>(input.size()));
  const std::vector<std::uint8_t> bytes(input.begin(), input.end());
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: replay <corpus dir> <last input>\n", stderr);
    return 2;
  }
  const std::filesystem::path last_input = argv[2];
  const std::vector<Input> corpus = read_corpus(argv[1]);
  Random random(1);
  run({}, last_input);
  for (const Input& input : corpus) {
    run(input, last_input);
    for (int i = 0; i < kMutationsPerInput; ++i) {
      run(mutate(input, random), last_input);
    }
  }
  for (std::size_t i = 0; i < kRandomInputs; ++i) {
    Input input(random.below(kRandomInputSizeMax + 1));
    std::generate(input.begin(), input.end(), [&random] { return random.byte(); });
    run(input, last_input);
  }
  std::filesystem::remove(last_input);
  std::printf("replayed %zu corpus files, their mutations and %zu random inputs\n", corpus.size(),
              kRandomInputs);
  return 0;
}
