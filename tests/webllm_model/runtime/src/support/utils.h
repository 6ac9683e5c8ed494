/** What TVM keeps in its header of small helpers; the sources that are compiled here name it and use none of them. */
