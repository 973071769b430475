//! Bands of a chart, stacked as bars: one for each column of the terminal, in eighths of a row.

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;

use super::{Chart, Layer, Shape};
use crate::tui::theme::Theme;

/// So many eighths of a cell, from below.
const EIGHTHS: [&str; 9] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/// Draws the bands of a chart, the first at the bottom.
pub fn draw(chart: &Chart, buffer: &mut Buffer, plot: Rect, theme: &Theme) {
    let bands: Vec<_> = chart.layers.iter().filter_map(|layer| Some((layer, places(chart, layer)?))).collect();
    let (width, height) = (f64::from(plot.width), f64::from(plot.height));
    for column in 0..plot.width {
        let ends = [column, column + 1].map(|edge| f64::from(edge) / width);
        let bar = |places| mean(places, ends).map(|(low, high)| (low * height, high * height));
        let bars: Vec<_> = bands.iter().filter_map(|(layer, places)| Some((*layer, bar(places)?))).collect();
        for row in 0..plot.height {
            if let Some(cell) = buffer.cell_mut((plot.x + column, plot.bottom() - 1 - row)) {
                fill(cell, &bars, f64::from(row), theme);
            }
        }
    }
}

/// Fills a cell, which reaches one row up from `floor`, with the bars that cover most of it: with two where there are
/// colours for them.
fn fill(cell: &mut Cell, bars: &[(&Layer, (f64, f64))], floor: f64, theme: &Theme) {
    let cover = |(low, high): (f64, f64)| high.min(floor + 1.0) - low.max(floor);
    let mut parts: Vec<_> = bars.iter().map(|(layer, bar)| (*layer, cover(*bar))).collect();
    parts.retain(|(_, cover)| *cover >= 1.0 / 16.0);
    let Some(&(largest, _)) = parts.iter().max_by(|(_, a), (_, b)| a.total_cmp(b)) else { return };
    if theme.heat.is_none() || theme.is_ascii() {
        cell.set_char(largest.sign).set_style(largest.style);
        return;
    }
    let covered: f64 = parts.iter().map(|(_, cover)| cover).sum();
    while parts.len() > 2 {
        let least = (0..parts.len()).min_by(|a, b| parts[*a].1.total_cmp(&parts[*b].1));
        parts.remove(least.unwrap_or(0));
    }
    let mut block = |band: &Layer, share: f64| {
        let eighths = (8.0 * share).round().clamp(0.0, 8.0) as usize;
        cell.set_symbol(EIGHTHS[eighths]).set_style(band.style);
    };
    match parts[..] {
        [(lower, share), (upper, rest)] if covered > 15.0 / 16.0 => {
            block(lower, share / (share + rest));
            if let Some(colour) = upper.style.fg {
                cell.set_bg(colour);
            }
        }
        // The top of a stack leaves some of its cell empty: there is no third colour for that.
        _ => block(largest, covered),
    }
}

/// Where the bars of a band end, in the unit square, from left to right.
fn places(chart: &Chart, layer: &Layer) -> Option<Vec<(f64, f64, f64)>> {
    let Shape::Band(points) = &layer.shape else { return None };
    let place = |&(x, low, high): &(f64, f64, f64)| {
        Some((chart.x.place(x)?, chart.y.place(low).unwrap_or(0.0), chart.y.place(high)?))
    };
    Some(points.iter().filter_map(place).collect())
}

/// The mean lower and upper ends of the bars that end within a part of the x axis; those of the bar over all of it
/// where none does.
fn mean(places: &[(f64, f64, f64)], [from, to]: [f64; 2]) -> Option<(f64, f64)> {
    let start = places.partition_point(|(x, ..)| *x <= from);
    let end = places.partition_point(|(x, ..)| *x <= to).max(start + 1);
    let bars = places.get(start..end)?;
    let sum = bars.iter().fold((0.0, 0.0), |sum, (_, low, high)| (sum.0 + low, sum.1 + high));
    Some((sum.0 / bars.len() as f64, sum.1 / bars.len() as f64))
}

#[cfg(test)]
mod tests {
    use ratatui::style::{Color, Style};

    use super::*;
    use crate::tui::theme::{Palette, Signs};
    use crate::tui::widgets::chart::Axis;

    /// Two bands over four columns and two rows: 1 of 4 and then 3 of 4 below, up to 3 of 4 and 4 of 4.
    fn chart() -> Chart {
        let layer = |sign, colour, ends: [(f64, f64); 2]| Layer {
            shape: Shape::Band(vec![(2.0, ends[0].0, ends[0].1), (4.0, ends[1].0, ends[1].1)]),
            style: Style::new().fg(colour),
            sign,
        };
        Chart {
            x: Axis::between(0.0, 4.0, false),
            y: Axis::between(0.0, 4.0, false),
            layers: vec![
                layer('a', Color::Indexed(1), [(0.0, 1.0), (0.0, 3.0)]),
                layer('b', Color::Indexed(2), [(1.0, 3.0), (3.0, 4.0)]),
            ],
            rules: Vec::new(),
            unit: String::new(),
        }
    }

    fn drawn(colour: bool, signs: Signs) -> Buffer {
        let area = Rect::new(0, 0, 4, 2);
        let mut buffer = Buffer::empty(area);
        draw(&chart(), &mut buffer, area, &Theme::new(Palette::Dark, colour, signs));
        buffer
    }

    #[test]
    fn bars_reach_back_to_the_one_before_and_share_a_cell_in_two_colours() {
        let buffer = drawn(true, Signs::Braille);
        let rows = [0, 1].map(|y| (0..4).map(|x| buffer[(x, y)].symbol()).collect::<String>());
        assert_eq!(rows, ["▄▄▄▄", "▄▄██"]);
        let colours = |x, y| (buffer[(x, y)].fg, buffer[(x, y)].bg);
        // The top of the first stack leaves half of its cell empty, all others are full.
        assert_eq!(colours(0, 0), (Color::Indexed(2), Color::Reset));
        assert_eq!(colours(0, 1), (Color::Indexed(1), Color::Indexed(2)));
        assert_eq!(colours(3, 0), (Color::Indexed(1), Color::Indexed(2)));
        assert_eq!(colours(3, 1), (Color::Indexed(1), Color::Reset));
    }

    #[test]
    fn without_colours_a_cell_has_the_sign_of_the_band_that_covers_most_of_it() {
        for (colour, signs) in [(false, Signs::Braille), (true, Signs::Ascii)] {
            let buffer = drawn(colour, signs);
            let at = |x, y| buffer[(x, y)].symbol().to_owned();
            assert_eq!([at(0, 0), at(3, 1)], ["b", "a"]);
        }
    }

    #[test]
    fn a_column_has_the_mean_of_the_bars_that_end_in_it() {
        let places = [(0.1, 0.0, 1.0), (0.2, 0.0, 3.0), (0.6, 1.0, 2.0)];
        assert_eq!(mean(&places, [0.0, 0.5]), Some((0.0, 2.0)));
        assert_eq!(mean(&places, [0.3, 0.4]), Some((1.0, 2.0)));
        assert_eq!(mean(&places, [0.6, 0.7]), None);
    }
}
