// Before MLIR's header of this name: GCC and the Clang that built libMLIR must
// give a trait one identity.
//
// MLIR identifies op traits by the compiler's spelling of `Trait<Empty>`, where
// Empty is local to TypeID::get. Clang says "Trait<Empty>", GCC spells out the
// function around Empty. Without this, libMLIR finds no trait on our ops and we
// find none on its ops: every terminator is refused, symbol tables are not
// seen.
#pragma once
#include_next <mlir/Support/TypeID.h>

#if defined(__GNUC__) && !defined(__clang__)
#include <string>
#include <string_view>
#include <type_traits>

namespace mlir::detail {

/// "mlir::OpTrait::IsTerminator"
template <template <typename> class Trait>
std::string traitName() {
  std::string_view text = __PRETTY_FUNCTION__;
  text.remove_prefix(text.find("Trait = ") + 8);
  return std::string(text.substr(0, text.find_first_of(";]")));
}

/// T is the Empty of TypeID::get.
template <typename T>
constexpr bool isTraitPlaceholder() {
  std::string_view text = __PRETTY_FUNCTION__;
  return text.find("T = mlir::TypeID::get<") != text.npos &&
         text.find(">()::Empty]") != text.npos;
}

template <template <typename> class Trait, typename T>
class TypeIDResolver<Trait<T>, std::enable_if_t<isTraitPlaceholder<T>()>>
    : public FallbackTypeIDResolver {
public:
  static TypeID resolveTypeID() {
    static const std::string name = traitName<Trait>() + "<Empty>";
    static TypeID id = registerImplicitTypeID(name);
    return id;
  }
};

} // namespace mlir::detail
#endif
