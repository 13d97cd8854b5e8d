// A cubin is ELF64. `.nv.info` has attributes of all kernels, with the kernel's
// symbol number in each; `.nv.info.NAME` those of one.
#include "codegen/cuda/Cubin.h"

#include "llvm/Support/Endian.h"

using llvm::StringRef;

namespace ingot::cuda {

namespace {
struct Section {
  StringRef name, bytes;
  uint64_t entryBytes = 0;
};

/// Reads numbers at offsets; outside it reads 0.
template <typename T>
T at(StringRef bytes, uint64_t offset) {
  if (offset > bytes.size() || bytes.size() - offset < sizeof(T))
    return 0;
  return llvm::support::endian::read<T, llvm::endianness::little>(bytes.data() +
                                                                  offset);
}

StringRef stringAt(StringRef table, uint64_t offset) {
  StringRef rest = table.drop_front(std::min<uint64_t>(offset, table.size()));
  return rest.take_until([](char c) { return c == 0; });
}

std::vector<Section> sectionsOf(StringRef image) {
  std::vector<Section> sections;
  if (!image.starts_with("\x7f"
                         "ELF\x02\x01"))
    return sections;
  auto table = at<uint64_t>(image, 0x28);
  unsigned entry = at<uint16_t>(image, 0x3a), count = at<uint16_t>(image, 0x3c);
  std::vector<uint32_t> names;
  for (unsigned i = 0; i < count; ++i) {
    uint64_t header = table + uint64_t(i) * entry;
    uint64_t offset = at<uint64_t>(image, header + 0x18);
    uint64_t size = at<uint64_t>(image, header + 0x20);
    if (at<uint32_t>(image, header + 4) == 8) // no bits in the file
      size = 0;
    Section section;
    section.bytes =
        image.substr(std::min<uint64_t>(offset, image.size()), size);
    section.entryBytes = at<uint64_t>(image, header + 0x38);
    sections.push_back(section);
    names.push_back(at<uint32_t>(image, header));
  }
  unsigned strings = at<uint16_t>(image, 0x3e);
  if (strings < sections.size())
    for (auto [section, name] : llvm::zip_equal(sections, names))
      section.name = stringAt(sections[strings].bytes, name);
  return sections;
}

/// visit(attribute, payload or the 16-bit value) over a list of attributes:
/// {u8 format, u8 attribute, u16 value or length of what follows}.
template <typename Visit>
void eachAttribute(StringRef bytes, Visit visit) {
  while (bytes.size() >= 4) {
    unsigned format = at<uint8_t>(bytes, 0), attribute = at<uint8_t>(bytes, 1),
             value = at<uint16_t>(bytes, 2);
    bytes = bytes.drop_front(4);
    bool hasPayload = format == 4;
    StringRef payload = hasPayload ? bytes.take_front(value) : StringRef();
    if (hasPayload)
      bytes = bytes.drop_front(std::min<size_t>(value, bytes.size()));
    visit(attribute, payload, value);
  }
}
} // namespace

std::optional<CubinFacts> readCubin(StringRef image, StringRef kernel) {
  std::vector<Section> sections = sectionsOf(image);
  auto find = [&](StringRef name) {
    for (const Section &section : sections)
      if (section.name == name)
        return section;
    return Section();
  };
  Section symbols = find(".symtab");
  StringRef strings = find(".strtab").bytes;
  constexpr uint64_t kSymbolBytes = 24;
  std::optional<uint32_t> number;
  for (uint64_t i = 0; i < symbols.bytes.size() / kSymbolBytes; ++i)
    if (stringAt(strings, at<uint32_t>(symbols.bytes, i * kSymbolBytes)) ==
        kernel)
      number = static_cast<uint32_t>(i);
  if (!number)
    return std::nullopt;
  CubinFacts facts;
  eachAttribute(find(".nv.info").bytes,
                [&](unsigned attribute, StringRef payload, unsigned) {
                  if (payload.size() < 8 || at<uint32_t>(payload, 0) != *number)
                    return;
                  auto value = at<uint32_t>(payload, 4);
                  if (attribute == 0x2f)
                    facts.registers = value;
                  if (attribute == 0x11)
                    facts.frameBytes = value;
                });
  std::string own = (".nv.info." + kernel).str();
  eachAttribute(find(own).bytes,
                [&](unsigned attribute, StringRef payload, unsigned value) {
                  if (attribute == 0x19)
                    facts.parameterBytes = value;
                  if (attribute == 0x05)
                    facts.maxThreads = at<uint32_t>(payload, 0);
                });
  if (facts.registers == 0)
    return std::nullopt;
  return facts;
}

} // namespace ingot::cuda
