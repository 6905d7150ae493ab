# Draws growth.svg from the tables of a run; run.sh calls it with `folder` set.
set terminal svg size 1200,700 background "white"
set output folder."/growth.svg"
set datafile separator "\t"
set key autotitle columnhead
set logscale xy
set format xy "10^{%L}"
set grid
set key top left
set multiplot layout 2,2
do for [series in "batch width depth"] {
    set xlabel series
    set ylabel "microseconds a step"
    plot folder."/growth-".series.".tsv" using 1:2 with linespoints title "cotangent, one thread"
}
unset logscale y
set format y "%g"
set yrange [0:*]
set key bottom left
set xlabel "operations in a graph of scalars"
set ylabel "nanoseconds an operation"
plot folder."/scalar-growth.tsv" using 1:2 with linespoints title "recorded", \
     "" using 1:3 with linespoints title "replayed", "" using 1:4 with linespoints title "ADOL-C"
unset multiplot
