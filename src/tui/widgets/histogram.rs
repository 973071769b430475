//! A spectrum as a histogram over log |λ|: the negative part apart to the left, what counts as zero between.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::chart::{Axis, draw_y, rows};
use crate::diagnostics::{Density, PER_DECADE};
use crate::tui::theme::Theme;

/// The widest bar.
const WIDEST: usize = 8;
/// The width of the bar of zeros, with a blank to either side of it.
const ZERO: usize = 5;

/// Where the bars are.
struct Layout {
    /// Bins that a bar sums up.
    merged: usize,
    /// Columns of a bar.
    wide: usize,
    /// The first column of the negative part, of the zeros with their blanks, of the positive part, and the one
    /// behind it.
    edges: [u16; 4],
}

/// A bar: its first column, its width, how many eigenvalues it stands for.
struct Bar {
    x: u16,
    wide: usize,
    count: f64,
    style: Style,
    /// Whether they are zeros.
    zero: bool,
}

impl Layout {
    /// Bars for so many bins to either side of zero, in an area of this width.
    fn new(plot: Rect, negative: usize, positive: usize) -> Self {
        let room = usize::from(plot.width).saturating_sub(ZERO).max(2);
        let bins = negative + positive;
        let fits = |merged: &usize| negative.div_ceil(*merged) + positive.div_ceil(*merged) <= room;
        let merged = (1..=bins.max(1)).find(fits).unwrap_or(1);
        let (left, right) = (negative.div_ceil(merged), positive.div_ceil(merged));
        let wide = (room / (left + right).max(1)).clamp(1, WIDEST);
        let start = plot.x;
        let zero = start + (left * wide) as u16;
        let positive = zero + ZERO as u16;
        Self { merged, wide, edges: [start, zero, positive, positive + (right * wide) as u16] }
    }

    fn bars(&self, density: &Density, theme: &Theme) -> Vec<Bar> {
        let sums = |bins: &[f64]| bins.chunks(self.merged).map(|bins| bins.iter().sum()).collect::<Vec<f64>>();
        let place = |start: u16, index: usize| start + (index * self.wide) as u16;
        let [start, zero, _, end] = self.edges;
        // The largest |λ| lie at both ends.
        let negative = sums(&density.negative).into_iter().enumerate();
        let negative = negative.map(|(index, count)| (place(start, index), self.wide, count, theme.bad, false));
        let zeros = (zero + 1, ZERO - 2, density.zero, theme.faint, true);
        let largest_first = sums(&density.positive).into_iter().enumerate();
        let positive = largest_first.map(|(index, count)| {
            let x = end - ((index + 1) * self.wide) as u16;
            (x, self.wide, count, theme.series[0], false)
        });
        let all = negative.chain([zeros]).chain(positive);
        all.map(|(x, wide, count, style, zero)| Bar { x, wide, count, style, zero }).collect()
    }

    /// The decades of |λ|, with their columns, from left to right.
    fn ticks(&self, density: &Density) -> Vec<(u16, String)> {
        let [start, zero, positive, end] = self.edges;
        let top = density.scale.log10();
        let mut ticks = vec![(zero + ZERO as u16 / 2, "0".to_owned())];
        if !top.is_finite() {
            return ticks;
        }
        let most = density.negative.len().max(density.positive.len()) / PER_DECADE + 1;
        for below in 0..=most {
            let exponent = top.floor() - below as f64;
            let bins = (top - exponent) * PER_DECADE as f64;
            let columns = (bins / self.merged as f64 * self.wide as f64).round() as u16;
            if start.saturating_add(columns) < zero {
                ticks.push((start + columns, format!("−1e{exponent}")));
            }
            if positive.saturating_add(columns) < end {
                ticks.push((end - 1 - columns, format!("1e{exponent}")));
            }
        }
        ticks.sort_by_key(|(x, _)| *x);
        ticks
    }
}

/// Draws the numbers of eigenvalues, with axes where there is room for them. `log`: whether their axis is
/// logarithmic.
pub fn draw(buffer: &mut Buffer, area: Rect, density: &Density, log: bool, theme: &Theme) {
    let area = area.intersection(buffer.area);
    if area.width < 16 || area.height == 0 {
        return;
    }
    let feet = if area.height >= 4 { 2 } else { 0 };
    let height = area.height - feet;
    let counts = || density.negative.iter().chain(&density.positive).copied().filter(|count| *count > 0.0);
    let least = counts().fold(1.0, f64::min);
    // A bar of one eigenvalue is seen on a logarithmic axis too. Zeros would leave no room on a linear one.
    let ends = if log { [least / 2.0, density.zero] } else { [0.0, 0.0] };
    let drawn = Layout::new(area, density.negative.len(), density.positive.len()).bars(density, theme);
    let sums = drawn.iter().filter(|bar| log || !bar.zero).map(|bar| bar.count);
    let axis = Axis::over(sums.chain(ends), log).with_headroom(0.02);
    let ticks = rows(axis, height);
    let gutter = ticks.iter().map(|(_, label)| label.chars().count()).max().unwrap_or(0) as u16 + 1;
    let plot = Rect { x: area.x + gutter, width: area.width.saturating_sub(gutter), height, ..area };
    draw_y(buffer, area, plot, &ticks, theme);
    let layout = Layout::new(plot, density.negative.len(), density.positive.len());
    for bar in layout.bars(density, theme) {
        column(buffer, plot, &bar, axis.place(bar.count).unwrap_or(0.0), theme);
    }
    if feet > 0 {
        foot(buffer, area, plot, &layout, density, theme);
    }
}

/// A bar up to a place of the axis, in eighths of a cell.
fn column(buffer: &mut Buffer, plot: Rect, bar: &Bar, place: f64, theme: &Theme) {
    let eighths = (place.clamp(0.0, 1.0) * f64::from(plot.height) * 8.0).round() as u16;
    let parts = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    // Two bars side by side are told apart where there is room for it.
    let wide = if bar.wide >= 3 { bar.wide - 1 } else { bar.wide };
    for row in 0..plot.height {
        let filled = eighths.saturating_sub(8 * row).min(8);
        let sign = match (filled, theme.is_ascii()) {
            (0, _) => continue,
            (1..=3, true) => '.',
            (_, true) => '#',
            (filled, false) => parts[usize::from(filled) - 1],
        };
        let y = plot.bottom() - 1 - row;
        for x in bar.x..bar.x + wide as u16 {
            if let Some(cell) = buffer.cell_mut((x, y)).filter(|_| x < plot.right()) {
                cell.set_char(sign).set_style(bar.style);
            }
        }
    }
}

fn foot(buffer: &mut Buffer, area: Rect, plot: Rect, layout: &Layout, density: &Density, theme: &Theme) {
    let (line, labels) = (plot.bottom(), plot.bottom() + 1);
    let end = layout.edges[3].min(plot.right());
    buffer.set_stringn(plot.x, line, "─".repeat(plot.width.into()), usize::from(end - plot.x), theme.faint);
    buffer.set_stringn(plot.x - 1, line, "└", 1, theme.faint);
    let mut free = area.x;
    for (x, label) in layout.ticks(density) {
        let long = label.chars().count() as u16;
        let start = x.saturating_sub(long / 2).max(area.x);
        if start >= free && start + long <= area.right() {
            buffer.set_stringn(start, labels, &label, long.into(), theme.faint);
            buffer.set_stringn(x, line, "┬", 1, theme.faint);
            free = start + long + 1;
        }
    }
    let unit = match layout.merged {
        merged if merged < PER_DECADE => format!("per {merged}/{PER_DECADE} decade"),
        merged => format!("per {} decades", merged as f64 / PER_DECADE as f64),
    };
    let long = unit.chars().count() as u16;
    if free + long < area.right() {
        buffer.set_stringn(area.right() - long, labels, &unit, long.into(), theme.faint);
    }
}
