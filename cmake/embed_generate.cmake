# SPDX-License-Identifier: MIT
# Writes OUTPUT: one byte array per file of FILES (comma-separated, below ROOT) and the table SYMBOL over them.
string(REPLACE "," ";" files "${FILES}")
set(arrays "")
set(rows "")
set(index 0)
foreach(file IN LISTS files)
  file(READ ${ROOT}/${file} hex HEX)
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
  string(APPEND arrays "static const unsigned char file_${index}[] = {${bytes}0x00};\n")
  string(APPEND rows "\t{\"${file}\", file_${index}, sizeof(file_${index}) - 1},\n")
  math(EXPR index "${index} + 1")
endforeach()
file(WRITE ${OUTPUT}
"#include \"common/embedded.h\"\n\n${arrays}\n"
"extern const struct embedded_file ${SYMBOL}[];\n"
"const struct embedded_file ${SYMBOL}[] = {\n${rows}\t{0, 0, 0},\n};\n")
